# The package has no names of its own: import its modules.
