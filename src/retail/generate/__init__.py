"""Makes the shop's source files: deterministic, with known defects planted and listed in a manifest."""

from retail.generate.standard import generate

__all__ = ["generate"]
