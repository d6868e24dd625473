// The published definitions of custom resources that tests install. Nothing here is compiled.
module webtier/custom-resources

go 1.24.0

// ServiceMonitor and PrometheusRule.
require github.com/prometheus-operator/prometheus-operator v0.85.0
