"""What is aligned: documents and pairs, found, read, decoded, hashed and taken in."""
