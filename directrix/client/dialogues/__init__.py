"""What the client says to the service, one file a family: requests built, answers decoded.

Every function returns a dialogue (`directrix.client.steps`); `names` makes full names of short
ids. `directrix.types` and `directrix.wire` are loaded by the first call that needs them: they bring
pydantic, which doubles the time that importing the client takes.
"""
