"""What the Makefile runs. `setup` and what it imports need nothing but a bare Python."""
