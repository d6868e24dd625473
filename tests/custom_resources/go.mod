// The published definitions of custom resources that tests install. Nothing here is compiled.
module webtier/custom-resources

go 1.25.0

require (
	// ServiceMonitor and PrometheusRule.
	github.com/prometheus-operator/prometheus-operator v0.85.0
	// HTTPRoute, of the oldest version whose standard channel has CORS.
	sigs.k8s.io/gateway-api v1.5.1
)
