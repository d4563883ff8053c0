"""What other systems export, turned into interactions: one module a vendor, pure, bytes in and values out."""
