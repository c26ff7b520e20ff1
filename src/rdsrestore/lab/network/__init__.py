"""What lies between the tool and the servers."""
