"""Protos <-> values: pure, torch-free, with typed errors that name the field.

One file a family: `tensors`, `latents`, `findings`, `recipes`, `images`, `scorecards`,
`counterfactuals`, `errors`. What comes from the wire is checked here; what the values check
themselves is raised with the field's path on the wire.
"""
