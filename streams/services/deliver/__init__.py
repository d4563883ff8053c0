"""The process `harmonia deliver`: tells endpoints of other teams what topics say, each at its own pace."""
