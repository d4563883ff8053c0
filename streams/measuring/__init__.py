"""What a worker tells of itself and of the campaign, for dashboards and alerts. Labels are bounded, and name nobody."""
