"""The ways the same parts are put together: live, in shadow, on paper. Which one it is is chosen once."""
