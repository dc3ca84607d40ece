"""Work spread over the processes of a Ray cluster; only this package calls Ray."""
