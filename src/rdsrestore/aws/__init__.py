"""The cloud's API: sessions, the firewall, and what its errors mean."""
