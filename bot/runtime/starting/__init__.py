"""What is looked at before a real account is guarded: whether this key, this account and this file fit."""
