"""Long-running servers, and what answers a person or a tool: API, gateway, permission, audiences, assignment."""
