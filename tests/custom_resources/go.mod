// The published definitions of custom resources that tests install. Nothing here is compiled.
module webtier/custom-resources

go 1.25.0

require (
	// ServiceMonitor and PrometheusRule.
	github.com/prometheus-operator/prometheus-operator v0.85.0
<<<<<<< HEAD
	// HTTPRoute, as of the first release whose standard channel has CORS.
=======
	// HTTPRoute, of the oldest version whose standard channel has CORS.
>>>>>>> 51e6a453bc2c78537a6955f436a85ff40cd0de44
	sigs.k8s.io/gateway-api v1.5.1
)
