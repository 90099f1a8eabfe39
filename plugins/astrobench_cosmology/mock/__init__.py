"""Synthetic universes: lognormal boxes of 25 Mpc/h with two made-up recipes for what galaxies do to their gas.

From the bottom up: `power` (the linear power spectrum), `density` (a lognormal box), `gas` (its temperature),
`sets` (which parameters and seeds), `drawing` (files in the format of CMD). Never CAMELS, always called synthetic.
"""
