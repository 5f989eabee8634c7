/* Wine before 9.0 lacks bcryptprimitives.dll, from which Go's runtime takes its
 * randomness on Windows. This stands in for it where the Windows build is tried
 * under such a Wine; it is in no package. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T n) {
	while (n > 0) {
		ULONG part = n > (1u << 20) ? 1u << 20 : (ULONG)n;
		if (!RtlGenRandom(data, part))
			return FALSE;
		data += part;
		n -= part;
	}
	return TRUE;
}
