"""Reading and writing the cluster: one client, one door for writes."""
