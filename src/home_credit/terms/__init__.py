"""The term and the rate of a cash loan, which applications do not state: inferred from amounts by earlier loans."""
