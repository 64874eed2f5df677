// SPDX-License-Identifier: GPL-2.0-or-later
// Clocks for emulated processors, which have none: an ACPI table that lets acpi-cpufreq drive them. Two states, chosen by
// writing to an I/O port where nobody listens; what is read there is 0xff, so the first state is the one that they seem
// to have. CPUs 0 and 1 share a clock, 2 and 3 have their own. Type 0xfd: either may change a shared one, so the kernel
// changes it on the spot, without another thread.
DefinitionBlock ("clock.aml", "SSDT", 2, "VFIOK", "CLOCK", 1)
{
	External (\_SB.CPUS.C000, DeviceObj)
	External (\_SB.CPUS.C001, DeviceObj)
	External (\_SB.CPUS.C002, DeviceObj)
	External (\_SB.CPUS.C003, DeviceObj)

	Scope (\_SB)
	{
		// Control, status
		Name (XPCT, Package () {
			ResourceTemplate () { Register (SystemIO, 8, 0, 0x5F00, 1) },
			ResourceTemplate () { Register (SystemIO, 8, 0, 0x5F00, 1) }
		})
		// MHz, mW, latencies (us), control, status
		Name (XPSS, Package () {
			Package () { 2000, 20000, 10000, 10000, 0xFF, 0xFF },
			Package () { 1000, 10000, 10000, 10000, 0x01, 0x01 }
		})
	}
	// _PSD: 5 values, revision 0, which clock, type, how many processors share it.
	Scope (\_SB.CPUS.C000)
	{
		Method (_PCT) { Return (XPCT) }
		Method (_PSS) { Return (XPSS) }
		Method (_PPC) { Return (0) }
		Name (_PSD, Package () { Package () { 5, 0, 0, 0xFD, 2 } })
	}
	Scope (\_SB.CPUS.C001)
	{
		Method (_PCT) { Return (XPCT) }
		Method (_PSS) { Return (XPSS) }
		Method (_PPC) { Return (0) }
		Name (_PSD, Package () { Package () { 5, 0, 0, 0xFD, 2 } })
	}
	Scope (\_SB.CPUS.C002)
	{
		Method (_PCT) { Return (XPCT) }
		Method (_PSS) { Return (XPSS) }
		Method (_PPC) { Return (0) }
		Name (_PSD, Package () { Package () { 5, 0, 1, 0xFD, 1 } })
	}
	Scope (\_SB.CPUS.C003)
	{
		Method (_PCT) { Return (XPCT) }
		Method (_PSS) { Return (XPSS) }
		Method (_PPC) { Return (0) }
		Name (_PSD, Package () { Package () { 5, 0, 2, 0xFD, 1 } })
	}
}
