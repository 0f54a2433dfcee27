"""The shop's products, customers' names and cities: what rows are drawn from."""

from __future__ import annotations

import random
from dataclasses import dataclass

PRODUCTS_PER_SCALE = 495
# The tail is long, but no single product may carry the shop.
_MOST_PULL = 12.0

# category: (share of products, lowest and highest price in whole units, typical grams, kinds, traits)
_CATEGORIES: dict[str, tuple[float, int, int, int, list[str], list[str]]] = {
    "Grocery": (0.20, 60, 900, 500, ["Tea", "Basmati rice", "Ghee", "Honey", "Masala mix", "Almonds"],
                ["Assam", "organic", "family pack", "single origin", "stone-ground"]),
    "Apparel": (0.22, 350, 4500, 350, ["Kurta", "Cotton shirt", "Saree", "Jeans", "Scarf", "Jacket"],
                ["indigo", "handloom", "slim", "block print", "linen"]),
    "Home": (0.18, 250, 9000, 1800, ["Bedsheet", "Cookware set", "Lamp", "Cushion", "Storage box", "Wall clock"],
             ["brass", "teak", "double", "hand-painted", "compact"]),
    "Electronics": (0.14, 700, 48000, 700, ["Earphones", "Power bank", "Smart watch", "Speaker", "Tablet", "Router"],
                    ["wireless", "20 W", "second generation", "mini", "pro"]),
    "Beauty": (0.12, 150, 2200, 200, ["Face wash", "Hair oil", "Sunscreen", "Lip balm", "Perfume", "Soap set"],
               ["neem", "rose", "sandalwood", "daily", "sensitive"]),
    "Toys": (0.08, 200, 3500, 600, ["Puzzle", "Building blocks", "Board game", "Soft toy", "Craft kit", "Kite"],
             ["wooden", "for six years on", "travel", "deluxe", "classic"]),
    "Books": (0.06, 150, 1400, 400, ["Novel", "Cookbook", "Atlas", "Workbook", "Biography", "Comics"],
              ["illustrated", "hardback", "Hindi", "new edition", "collected"]),
}  # fmt: skip

_FIRST = [
    "Aarav", "Aditi", "Ananya", "Arjun", "Bhavna", "Chetan", "Deepa", "Diya", "Farhan", "Gauri", "Harish", "Isha",
    "Ishaan", "Jaya", "Kabir", "Kavya", "Kiran", "Lakshmi", "Manoj", "Meera", "Mohan", "Nandini", "Neha", "Nikhil",
    "Pooja", "Pranav", "Priya", "Rahul", "Ravi", "Riya", "Rohan", "Saanvi", "Sameer", "Sanjay", "Shreya", "Sunil",
    "Tara", "Uday", "Varun", "Vikram", "Yash", "Zoya", "José", "Zoë",
]  # fmt: skip
_LAST = [
    "Agarwal", "Banerjee", "Bhat", "Chatterjee", "Chopra", "Das", "Desai", "Fernandes", "Ghosh", "Gupta", "Iyer",
    "Jain", "Joshi", "Kapoor", "Khan", "Kulkarni", "Kumar", "Malhotra", "Mehta", "Menon", "Mishra", "Nair", "Naidu",
    "O'Brien", "Pandey", "Patel", "Pillai", "Rao", "Reddy", "Saxena", "Sen", "Shah", "Sharma", "Shetty", "Singh",
    "Sinha", "Thomas", "Varma", "Verma", "Yadav",
]  # fmt: skip
CITIES = {
    "Mumbai": 20, "Delhi": 18, "Bengaluru": 17, "Hyderabad": 11, "Chennai": 10, "Pune": 9, "Kolkata": 8,
    "Ahmedabad": 7, "Jaipur": 5, "Lucknow": 4, "Kochi": 4, "Indore": 3, "Nagpur": 3, "Surat": 3, "Guwahati": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """A thing the shop sells; *pull* is how often it is bought against others."""

    product_id: str
    name: str
    category: str
    price_cents: int
    weight_g: int
    pull: float


def products(seed: int, scale: int) -> list[Product]:
    """The catalogue: 495 products for each unit of *scale*, long-tailed in price and pull."""
    rng = random.Random(f"{seed}:products")  # noqa: S311 - made-up data, not secrets # nosec B311
    names = list(_CATEGORIES)
    weights = [_CATEGORIES[name][0] for name in names]
    made = []
    for number in range(1, PRODUCTS_PER_SCALE * scale + 1):
        category = rng.choices(names, weights)[0]
        _, low, high, grams, kinds, traits = _CATEGORIES[category]
        # Skewed to the cheap end, and ending in 9 as price tags do.
        units = low + int((high - low) * rng.betavariate(1.2, 4.5))
        kind, trait = rng.choice(kinds), rng.choice(traits)
        # A comma and, now and then, a line break: names that a careless reader of CSV trips over.
        parting = ",\n" if number % 97 == 0 else ", "
        made.append(
            Product(
                f"P{number:06d}",
                f"{kind}{parting}{trait} no. {rng.randint(1, 99)}",
                category,
                (units // 10 * 10 + 9) * 100,
                max(20, int(rng.gauss(grams, grams / 3))),
                min(_MOST_PULL, rng.paretovariate(1.3)),
            )
        )
    return made


def person(rng: random.Random, number: int) -> tuple[str, str, str, str]:
    """Draw (full name, mail address, phone, city)."""
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    plain = f"{first}.{last}".lower().replace("'", "").replace("é", "e").replace("ë", "e")
    city = rng.choices(list(CITIES), list(CITIES.values()))[0]
    return f"{first} {last}", f"{plain}{number}@example.com", f"+91{rng.randint(6, 9)}{rng.randrange(10**9):09d}", city
