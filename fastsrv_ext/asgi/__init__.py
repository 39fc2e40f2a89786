"""What an application sees of a connection: calls of the app, their events and scopes. Knows no wire format."""
