"""Tables, their rows, and the servers that hold them."""
