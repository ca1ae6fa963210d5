package shacrypt_test

import (
	"strings"
	"testing"

	"github.com/credrender/credrender/pkg/template/internal/shacrypt"
)

// The first is a vector of the specification; the others were made with the
// crypt(3) of glibc, at the lengths where a digest begins to repeat.
func TestHash(t *testing.T) {
	for _, c := range []struct{ password, salt, want string }{
		{"Hello world!", "saltstring", "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
		{"This is just a test", "toolongsaltstrin", "lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0"},
		{"x", "ab", "jnZj29NS/hK2GaouP6AGMIBwD6owZFRejcn9QRdlwSjZaVr.fR9dH2TXrKL/PaacUXwtGfI.4O9zxvy2k6fbE1"},
		{strings.Repeat("p", 64), "0123456789abcdef", "A3c.Ts3zgP9uiS.jJfcqxR1qS9gQJ8EMN6SoxqygcTwe0Yhzptibyu0Cnfn87uc8Y7G2TaKZ2kyZVU7FrGdU91"},
		{strings.Repeat("q", 65), "0123456789abcdef", "mD0eS6U6ct.umGfFiHmp5vc9B66i7qPP/k30l/s5Z5dGCKk7D1lHR9RZZhrNXERucZ3qn7ErrJro2GsIfV4VC."},
		{strings.Repeat("q", 255), "0123456789abcdef", "6PNei6X6QG5/5MttBoiINJi9xbhmghI7G4cbi9BJBfqXB5ZXN5EsXyMOhaZJlfLA/CzSm.UrAFI5qBS1nEVg00"},
		{"päß€", "./", "TOGfmPph64PlREfSVemiaK2ZYQJVCdij1HhTJG6xl2yO57s4gPNj.DC/ZDHNgyfQwPL2WiTJD.EjAx8RJ5HD9/"},
	} {
		got, err := shacrypt.Hash([]byte(c.password), c.salt)
		if want := "$6$" + c.salt + "$" + c.want; got != want || err != nil {
			t.Errorf("Hash(%q, %q) = %q, %v, want %q", c.password, c.salt, got, err, want)
		}
	}
}

func TestHashRefusesSalts(t *testing.T) {
	for _, salt := range []string{"", "seventeen-letters", "a$b", "ä", "a:b", "a\nb"} {
		if got, err := shacrypt.Hash([]byte("p"), salt); err != shacrypt.ErrSalt {
			t.Errorf("Hash with salt %q = %q, %v, want ErrSalt", salt, got, err)
		}
	}
}
