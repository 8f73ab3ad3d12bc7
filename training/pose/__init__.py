"""How the head that tells poses was made."""
