"""Around TLS, which fastsrv_ext/wire/tls.pyx speaks: what an app is told of it, and contexts that are renewed."""
