"""From a selection to a plan: capacity, placement, tenants, routes, the failover ladder."""
