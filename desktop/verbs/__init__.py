"""What a person can do, one module a noun. Verbs change the state; panels only ask for them."""
