"""What may identify a person in a text: patterns, spoken numbers, dates, names, places, and the placeholders that pass."""
