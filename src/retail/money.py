"""Amounts as a reader sees them."""

_MILLION = 1_000_000


def rupees(cents: float) -> str:
    """Money for a reader: ₹ and thousands, in millions from a million on."""
    value = cents / 100
    if abs(value) >= _MILLION:
        return f"₹{value / _MILLION:,.2f} M"
    return f"₹{value:,.0f}"
