"""What registries, hosts and package indexes are given, and how it is made (`make dist`). No part of the package."""
