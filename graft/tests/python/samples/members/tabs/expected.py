class Gate:

	def open(self):
		if self.shut:
			return 1

	def close(self):
		if self.wide:
			return 0
