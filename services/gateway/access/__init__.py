"""Who may call the gateway, and how much at once; asked once for each call, by both faces."""
