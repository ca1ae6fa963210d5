module github.com/versent/unicreds

go 1.26.8

require (
	github.com/alecthomas/kingpin v2.2.6+incompatible
	github.com/apex/log v1.9.0
	github.com/aws/aws-sdk-go v1.55.8
	github.com/olekukonko/tablewriter v0.0.5
)

require (
	github.com/alecthomas/template v0.0.0-20190718012654-fb15b899a751 // indirect
	github.com/alecthomas/units v0.0.0-20240927000941-0f3dac36c52b // indirect
	github.com/fatih/color v1.7.0 // indirect
	github.com/jmespath/go-jmespath v0.4.0 // indirect
	github.com/mattn/go-colorable v0.1.2 // indirect
	github.com/mattn/go-isatty v0.0.8 // indirect
	github.com/mattn/go-runewidth v0.0.9 // indirect
	github.com/pkg/errors v0.8.1 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/sys v0.0.0-20190412213103-97732733099d // indirect
)
