"""What a worker tells of itself and of what teams do, for dashboards and alerts. Labels are bounded and name nobody."""
