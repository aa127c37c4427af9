"""A joint control-room dispatch bus for the border regions of the Benelux and its neighbours."""
