"""How faithful made-up tables are to real ones, and whether they give anybody away."""
