"""The measurements that docs/ quotes, and `make record`."""
