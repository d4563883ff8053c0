"""Pictures of the dashboards where there is no Grafana: their own panels, asked of a real Prometheus."""
