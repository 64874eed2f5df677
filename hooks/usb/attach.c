/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/attach.h"

#include "lib/util.h"

enum virt_result usb_attach(struct virt_dom *dom, const struct usb_device *device, char **ret_why)
{
	cleanup_free char *alias = usb_alias_format(device);
	/* Optional: a saved guest can be restored without it. */
	cleanup_free char *xml = util_format("<hostdev mode='subsystem' type='usb' managed='yes'>"
					     "<source startupPolicy='optional'><address bus='%u' device='%u'/></source>"
					     "<alias name='%s'/></hostdev>",
					     device->bus, device->number, alias);

	return virt_attach(dom, xml, ret_why);
}

static void take_hostdevs(const struct domain *domain, struct usb_guest *ret)
{
	for (size_t i = 0; i < domain->n_devices; i++) {
		const struct host_device *device = &domain->devices[i];

		if (device->kind == HOST_USB && device->number != 0)
			*(struct usb_hostdev *)util_append(&ret->hostdevs, &ret->n_hostdevs, sizeof(*ret->hostdevs)) =
				(struct usb_hostdev){ device->bus, device->number, util_copy(device->alias) };
	}
}

enum virt_result usb_read_guest(struct virt_dom *dom, struct usb_guest *ret, char **ret_why)
{
	struct domain domain;
	enum virt_result result = virt_describe(dom, &domain, ret_why);

	*ret = (struct usb_guest){ 0 };
	if (result != VIRT_OK)
		return result;
	memcpy(ret->uuid, domain.uuid, sizeof(ret->uuid));
	ret->name = util_copy(domain.name);
	ret->id = virt_dom_id(dom);
	ret->is_known = true;
	take_hostdevs(&domain, ret);
	domain_free(&domain);
	return VIRT_OK;
}

bool usb_list_guests(struct virt *virt, struct usb_running **ret, size_t *ret_n, char **ret_why)
{
	struct virt_dom **doms;
	size_t n;
	bool is_known = virt_list(virt, &doms, &n, ret_why);

	*ret = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *why = NULL;
		struct usb_guest guest;

		if (usb_read_guest(doms[i], &guest, &why) != VIRT_OK) {
			virt_dom_unref(doms[i]);
			continue;
		}
		*(struct usb_running *)util_append(ret, ret_n, sizeof(**ret)) = (struct usb_running){ guest, doms[i] };
	}
	free(doms);
	return is_known;
}
