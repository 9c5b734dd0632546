"""What is known of the market beside its marks: bars and their indicators, returns, funding, interest."""
