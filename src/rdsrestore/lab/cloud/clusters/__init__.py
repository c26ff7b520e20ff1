"""DB clusters of the lab: Multi-AZ ones, and Aurora's with its instances."""
