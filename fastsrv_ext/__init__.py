"""The compiled half of fastsrv: what runs per connection, per request, per byte."""
