"""How faithful synthetic tables are to real ones, and whether they give anybody away."""
