"""The steps of the job, a file each; `recipe.py` has their order."""
