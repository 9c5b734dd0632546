"""The rules that come with Holdfast, one file each."""
