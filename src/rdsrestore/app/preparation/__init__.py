"""What is done before the day: a look at everything, the certificates, the policies."""
