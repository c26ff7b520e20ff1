"""The road to a server: straight, or through a bastion."""
