"""Holdfast guards open futures positions against liquidation."""
