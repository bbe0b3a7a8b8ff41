"""Jobs: tasks that the gateway keeps and brings to exactly one end, whatever dies meanwhile."""
