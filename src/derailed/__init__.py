"""Derailed: an instant-messaging server for communities.

Each folder here is one room of the house; its first lines say what it promises.
ARCHITECTURE.md draws the map and follows one message through it.
"""
