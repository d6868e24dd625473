// The Kubernetes resource provider for Pulumi. Upstream's own main embeds generated files that a
// published module lacks; the schema among them is only what GetSchema returns (`pulumi package get-schema`),
// which no preview, up or destroy asks for.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	provider.Serve("kubernetes", version.Version, []byte(`{"name":"kubernetes"}`), []byte(`{}`))
}
