"""Random kustomizations: see ../kustomize_compare.py."""
