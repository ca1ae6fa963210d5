// Command caroots exits with 0 if TLS trusts a root of Mozilla's program by the
// means of package caroots: the interop tests run it where there are no others.
package main

import (
	"crypto/x509"
	"fmt"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/credrender/credrender/internal/caroots"
)

func main() {
	if len(os.Args) > 1 { // without the package, to show that the test can fail
		caroots.Provide()
	}
	for root := range bundle.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err == nil {
			_, err = c.Verify(x509.VerifyOptions{})
		}
		fmt.Println(err)
		if err != nil {
			os.Exit(1)
		}
		return
	}
}
